resource "google_service_account" "caller" {
  account_id = "caller"
}

resource "google_pubsub_topic" "ticks" {
  name = "ticks"
}

resource "google_cloud_scheduler_job" "http" {
  name             = "http"
  description      = "Runs the drift job."
  schedule         = "0 6 * * *"
  time_zone        = "Europe/Rome"
  attempt_deadline = "320s"
  retry_config {
    retry_count = 1
  }
  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/projects/groundwork-example/locations/europe-west1/jobs/drift:run"
    body        = base64encode("{}")
    headers     = { "Content-Type" = "application/json" }
    oauth_token {
      service_account_email = google_service_account.caller.email
    }
  }
}

resource "google_cloud_scheduler_job" "oidc" {
  name     = "oidc"
  region   = "europe-west1"
  schedule = "*/5 * * * *"
  paused   = true
  http_target {
    uri = "https://example.com/"
    oidc_token {
      service_account_email = google_service_account.caller.email
    }
  }
}

resource "google_cloud_scheduler_job" "message" {
  name     = "message"
  schedule = "0 0 1 * *"
  pubsub_target {
    topic_name = google_pubsub_topic.ticks.id
    data       = base64encode("tick")
    attributes = { kind = "tick" }
  }
}
