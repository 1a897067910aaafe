locals {
  # An archive with an empty main.py, in which every byte is ASCII.
  archive = "PK\u0003\u0004\u0014\u0000\u0000\u0000\u0000\u0000\u0000\u0000!\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0007\u0000\u0000\u0000main.pyPK\u0001\u0002\u0014\u0000\u0014\u0000\u0000\u0000\u0000\u0000\u0000\u0000!\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0007\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0024\u0001\u0000\u0000\u0000\u0000main.pyPK\u0005\u0006\u0000\u0000\u0000\u0000\u0001\u0000\u0001\u00005\u0000\u0000\u0000\u0025\u0000\u0000\u0000\u0000\u0000"
}

resource "google_storage_bucket" "code" {
  name                        = "groundwork-example-code"
  location                    = "europe-west1"
  uniform_bucket_level_access = true
  force_destroy               = true
}

resource "google_storage_bucket_object" "archive" {
  name    = "resize.zip"
  bucket  = google_storage_bucket.code.name
  content = local.archive
}

resource "google_service_account" "runs" {
  account_id = "resize-runs"
}

data "google_storage_project_service_account" "storage" {}

resource "google_project_iam_member" "publishes" {
  project = "groundwork-example"
  role    = "roles/pubsub.publisher"
  member  = data.google_storage_project_service_account.storage.member
}

resource "google_project_iam_member" "receives" {
  project = "groundwork-example"
  role    = "roles/eventarc.eventReceiver"
  member  = google_service_account.runs.member
}

resource "google_pubsub_topic" "orders" {
  name = "orders"
}

resource "google_cloudfunctions2_function" "plain" {
  name     = "plain"
  location = "europe-west1"
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
  name        = "full"
  location    = "europe-west1"
  description = "Makes pictures small."
  labels      = { team = "crops", tier = "one" }
  build_config {
    runtime               = "python312"
    entry_point           = "resize"
    environment_variables = { MODE = "fast" }
    source {
      storage_source {
        bucket     = google_storage_bucket.code.name
        object     = google_storage_bucket_object.archive.name
        generation = google_storage_bucket_object.archive.generation
      }
    }
    on_deploy_update_policy {}
  }
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
  depends_on = [google_project_iam_member.publishes, google_project_iam_member.receives]
}

resource "google_cloudfunctions2_function_iam_member" "viewer" {
  location       = "europe-west1"
  cloud_function = google_cloudfunctions2_function.plain.name
  role           = "roles/cloudfunctions.viewer"
  member         = google_service_account.runs.member
}

resource "google_cloudfunctions2_function_iam_binding" "developers" {
  project        = "groundwork-example"
  location       = "europe-west1"
  cloud_function = google_cloudfunctions2_function.full.id
  role           = "roles/cloudfunctions.developer"
  members        = [google_service_account.runs.member]
}

resource "google_cloud_run_v2_service" "api" {
  name                = "api"
  location            = "europe-west1"
  deletion_protection = false
  template {
    containers {
      image = "docker.io/library/nginx:1"
    }
  }
}

resource "google_eventarc_trigger" "objects" {
  name            = "objects"
  location        = "europe-west1"
  service_account = google_service_account.runs.email
  labels          = { team = "crops" }
  matching_criteria {
    attribute = "type"
    value     = "google.cloud.storage.object.v1.finalized"
  }
  matching_criteria {
    attribute = "bucket"
    value     = google_storage_bucket.code.name
  }
  destination {
    cloud_run_service {
      service = google_cloud_run_v2_service.api.name
      region  = "europe-west1"
      path    = "/files"
    }
  }
  depends_on = [google_project_iam_member.publishes, google_project_iam_member.receives]
}

resource "google_eventarc_trigger" "messages" {
  name     = "messages"
  location = "europe-west1"
  matching_criteria {
    attribute = "type"
    value     = "google.cloud.pubsub.topic.v1.messagePublished"
  }
  destination {
    cloud_run_service {
      service = google_cloud_run_v2_service.api.name
    }
  }
  transport {
    pubsub {
      topic = google_pubsub_topic.orders.id
    }
  }
  labels = { a = "b" }
}
