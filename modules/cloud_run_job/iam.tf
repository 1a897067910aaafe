resource "google_cloud_run_v2_job_iam_binding" "roles" {
  for_each = var.iam

  project  = google_cloud_run_v2_job.job.project
  location = google_cloud_run_v2_job.job.location
  name     = google_cloud_run_v2_job.job.name
  role     = each.key
  members  = each.value
}
