"""Posts that run on the workers of a Dask cluster; nothing else imports this folder.

Dask schedules, watches workers and moves results: all that is ours is what a post needs there and
what its results mean here.
"""
