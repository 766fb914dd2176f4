"""Contains the migrations, one module each. A released migration is never edited: each schema change is a new one."""
