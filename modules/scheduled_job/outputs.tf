output "name" {
  description = "Name of the scheduled job."
  value       = google_cloud_scheduler_job.job.name
}
