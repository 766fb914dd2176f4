"""One module a task: backfill, sync, import, renormalise."""
