"""Contains the tasks of lgsco, one module each, and what they share: the daemon's plan, outcomes and alerts."""
