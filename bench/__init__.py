"""Side-by-side measurements: `python -m bench` takes them all, as ratios in one run. A leaf."""
