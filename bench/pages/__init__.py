"""Pages generated from a model of a decision, so that the right text of each is known without any reader.

`python -m bench.pages boilerplate | mutants | odd | cost` runs each measurement at full size. Nothing here but
`readers` calls the parser: `model.lines_of` gives the right lines, by the rules of the text format alone.
"""
