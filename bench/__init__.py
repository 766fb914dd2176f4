"""Side-by-side measurements. `python -m bench` runs all of them and prints ratios from one run."""
