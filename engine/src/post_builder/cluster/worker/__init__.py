"""What runs on a worker; the author's machine imports only the names of its tasks."""
