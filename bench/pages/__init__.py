"""Pages generated from a model of a decision, so that the right text of each is known without any reader.

`python -m bench.pages boilerplate | mutants | odd | cost` runs each measurement at full size. Nothing here but
`readers` calls the parser: what is right is said by `model.lines_of`, by the rules of the text format alone.
"""
