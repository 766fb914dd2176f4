"""The tasks of lgsco, one module each, and what they share: the plan of the daemon, outcomes and alerts."""
