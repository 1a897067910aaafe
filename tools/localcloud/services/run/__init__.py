"""Cloud Run: services whose containers answer at their own URLs, and jobs whose tasks run to completion."""
