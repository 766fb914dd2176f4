"""Generates pages from a model of a decision, so that the right text of each is known without the parser.

`python -m bench.pages boilerplate | mutants | odd | cost` runs each measurement at full size. Only `readers` calls the
parser: `model.lines_of` writes the right lines by the rules of the text format alone.
"""
