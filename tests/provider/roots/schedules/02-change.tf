resource "google_service_account" "caller" {
  account_id = "caller"
}

resource "google_pubsub_topic" "ticks" {
  name = "ticks"
}

resource "google_cloud_scheduler_job" "http" {
  name     = "http"
  schedule = "0 7 * * *"
  paused   = true
  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/projects/groundwork-example/locations/europe-west1/jobs/drift:run"
    oauth_token {
      service_account_email = google_service_account.caller.email
      scope                 = "https://www.googleapis.com/auth/cloud-platform"
    }
  }
}

resource "google_cloud_scheduler_job" "oidc" {
  name     = "oidc"
  region   = "europe-west1"
  schedule = "*/10 * * * *"
  paused   = false
  http_target {
    uri = "https://example.com"
    oidc_token {
      service_account_email = google_service_account.caller.email
      audience              = "https://example.com/audience"
    }
  }
}
