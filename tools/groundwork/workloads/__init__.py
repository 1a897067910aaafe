"""Builds, services and jobs, with their images and logs; the same on both clouds."""
