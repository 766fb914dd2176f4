"""Contains the migrations since version 0.2, one module each. A released migration is never edited.

Each schema change is a new migration. Those of version 0.1 are in `storage.from_0_1`.
"""
