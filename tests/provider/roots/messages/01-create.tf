resource "google_pubsub_topic" "plain" {
  name = "plain"
}

resource "google_pubsub_topic" "full" {
  name                       = "full"
  labels                     = { team = "cats", tier = "one" }
  message_retention_duration = "86600s"
  message_storage_policy {
    allowed_persistence_regions = ["europe-west1", "europe-west4"]
    enforce_in_transit          = true
  }
}

resource "google_pubsub_subscription" "short" {
  name  = "short"
  topic = google_pubsub_topic.plain.name
}

resource "google_pubsub_subscription" "full" {
  name                         = "full"
  topic                        = google_pubsub_topic.full.id
  labels                       = { team = "cats" }
  ack_deadline_seconds         = 20
  message_retention_duration   = "1200s"
  retain_acked_messages        = true
  enable_message_ordering      = true
  enable_exactly_once_delivery = false
  filter                       = "attributes.kind = \"new\""
  expiration_policy {
    ttl = "300000.5s"
  }
  retry_policy {
    minimum_backoff = "10s"
  }
  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.plain.id
    max_delivery_attempts = 10
  }
}

resource "google_pubsub_subscription" "pushed" {
  name  = "pushed"
  topic = google_pubsub_topic.plain.id
  push_config {
    push_endpoint = "https://example.com/push"
    attributes    = { x-goog-version = "v1" }
    no_wrapper {
      write_metadata = false
    }
  }
  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_topic_iam_member" "alice" {
  topic  = google_pubsub_topic.plain.name
  role   = "roles/pubsub.publisher"
  member = "user:alice@example.com"
}

resource "google_pubsub_topic_iam_binding" "viewers" {
  topic   = google_pubsub_topic.full.id
  role    = "roles/pubsub.viewer"
  members = ["user:alice@example.com", "user:bob@example.com"]
}

resource "google_pubsub_subscription_iam_member" "bob" {
  subscription = google_pubsub_subscription.short.name
  role         = "roles/pubsub.subscriber"
  member       = "user:bob@example.com"
}

resource "google_pubsub_subscription_iam_binding" "viewers" {
  subscription = google_pubsub_subscription.full.id
  role         = "roles/pubsub.viewer"
  members      = ["user:alice@example.com"]
}

output "topic" {
  value = google_pubsub_subscription.short.topic
}
