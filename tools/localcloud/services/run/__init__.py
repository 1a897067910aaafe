"""Cloud Run: services whose containers answer at addresses of their own, and jobs whose tasks run to their end."""
