"""What runs: builds, services and jobs, their images and logs, with the same words on both clouds."""
