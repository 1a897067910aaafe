output "name" {
  description = "Name of the job, once its members may start it."
  value       = google_cloud_run_v2_job.job.name
  depends_on  = [google_cloud_run_v2_job_iam_binding.roles]
}
