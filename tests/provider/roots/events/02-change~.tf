resource "google_cloudfunctions2_function" "plain" {
  build_config {
    runtime     = "python312"
    entry_point = "shrink"
    source {
      storage_source {
        bucket = google_storage_bucket.code.name
        object = google_storage_bucket_object.archive.name
      }
    }
  }
}

resource "google_cloudfunctions2_function" "full" {
  description = "Makes pictures small."
  labels      = { team = "crops", tier = "one" }
  service_config {
    available_memory      = "256Mi"
    timeout_seconds       = 120
    max_instance_count    = 3
    min_instance_count    = 0
    ingress_settings      = "ALLOW_INTERNAL_ONLY"
    service_account_email = google_service_account.runs.email
    environment_variables = { SIZE = "32", KIND = "png" }
  }
  event_trigger {
    event_type            = "google.cloud.storage.object.v1.finalized"
    retry_policy          = "RETRY_POLICY_DO_NOT_RETRY"
    service_account_email = google_service_account.runs.email
    event_filters {
      attribute = "bucket"
      value     = google_storage_bucket.code.name
    }
  }
}

resource "google_eventarc_trigger" "objects" {
  destination {
    cloud_run_service {
      service = google_cloud_run_v2_service.api.name
      region  = "europe-west1"
      path    = "/files"
    }
  }
}

resource "google_eventarc_trigger" "messages" {
  labels = { a = "b" }
  dynamic "retry_policy" {
    for_each = []
    content {}
  }
}
