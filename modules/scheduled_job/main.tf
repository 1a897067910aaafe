resource "google_cloud_scheduler_job" "job" {
  project          = var.project_id
  region           = var.location
  name             = var.name
  description      = "Starts the job ${var.job}."
  schedule         = var.schedule.cron
  time_zone        = var.schedule.time_zone
  attempt_deadline = "${var.attempts.deadline_seconds}s"

  # Of starting the job: what it does afterwards is its own.
  retry_config {
    retry_count          = var.attempts.retries
    max_retry_duration   = "0s"
    min_backoff_duration = "5s"
    max_backoff_duration = "3600s"
    max_doublings        = 5
  }

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/projects/${var.project_id}/locations/${var.location}/jobs/${var.job}:run"

    oauth_token {
      service_account_email = var.service_account
      scope                 = "https://www.googleapis.com/auth/cloud-platform"
    }
  }
}
