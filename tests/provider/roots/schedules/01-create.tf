resource "google_pubsub_topic" "nightly" {
  name = "nightly"
}

resource "google_service_account" "caller" {
  account_id = "caller"
}

resource "google_cloud_scheduler_job" "published" {
  name        = "published"
  description = "Trains again every night."
  schedule    = "0 3 * * *"
  pubsub_target {
    topic_name = google_pubsub_topic.nightly.id
    data       = base64encode("train")
    attributes = { model = "cats" }
  }
}

resource "google_cloud_scheduler_job" "full" {
  name             = "full"
  region           = "europe-west1"
  schedule         = "*/10 * * * *"
  time_zone        = "Europe/Copenhagen"
  attempt_deadline = "90s"
  paused           = true
  retry_config {
    retry_count          = 2
    max_retry_duration   = "60s"
    min_backoff_duration = "2s"
    max_backoff_duration = "30s"
    max_doublings        = 3
  }
  http_target {
    http_method = "PUT"
    uri         = "https://api.example.com/refresh"
    body        = base64encode("{}")
    headers     = { "Content-Type" = "application/json", "User-Agent" = "Google-Cloud-Scheduler" }
    oidc_token {
      service_account_email = google_service_account.caller.email
    }
  }
}

resource "google_cloud_scheduler_job" "oauth" {
  name     = "oauth"
  schedule = "0 * * * *"
  retry_config {
    retry_count = 1
  }
  http_target {
    http_method = "GET"
    uri         = "https://run.googleapis.com/v2/projects/groundwork-example/locations/europe-west1/jobs"
    headers     = { "Content-Type" = "application/octet-stream", "X-Reason" = "hourly" }
    oauth_token {
      service_account_email = google_service_account.caller.email
    }
  }
}

resource "google_cloud_scheduler_job" "app" {
  name     = "app"
  schedule = "30 4 * * 1"
  app_engine_http_target {
    http_method  = "POST"
    relative_uri = "/weekly"
    body         = base64encode("report")
    headers      = { "X-Reason" = "weekly" }
    app_engine_routing {
      service = "reports"
    }
  }
}
