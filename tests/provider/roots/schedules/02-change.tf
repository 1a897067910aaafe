resource "google_pubsub_topic" "nightly" {
  name = "nightly"
}

resource "google_service_account" "caller" {
  account_id = "caller"
}

resource "google_cloud_scheduler_job" "published" {
  name     = "published"
  schedule = "0 4 * * *"
  paused   = true
  pubsub_target {
    topic_name = google_pubsub_topic.nightly.id
    attributes = { model = "dogs" }
  }
}

resource "google_cloud_scheduler_job" "full" {
  name     = "full"
  region   = "europe-west1"
  schedule = "*/10 * * * *"
  http_target {
    uri = "https://api.example.com/refresh/"
    oidc_token {
      service_account_email = google_service_account.caller.email
      audience              = "https://api.example.com"
    }
  }
}

resource "google_cloud_scheduler_job" "oauth" {
  name     = "oauth"
  schedule = "0 * * * *"
  http_target {
    http_method = "GET"
    uri         = "https://run.googleapis.com/v2/projects/groundwork-example/locations/europe-west1/jobs"
    oauth_token {
      service_account_email = google_service_account.caller.email
      scope                 = "https://www.googleapis.com/auth/cloud-platform"
    }
  }
}

resource "google_cloud_scheduler_job" "app" {
  name     = "app"
  schedule = "30 4 * * 1"
  app_engine_http_target {
    relative_uri = "/monthly"
  }
}
