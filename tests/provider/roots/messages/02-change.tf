resource "google_pubsub_topic" "plain" {
  name   = "plain"
  labels = { team = "dogs" }
}

resource "google_pubsub_topic" "full" {
  name                       = "full"
  labels                     = { team = "cats" }
  message_retention_duration = "90000s"
}

resource "google_pubsub_subscription" "short" {
  name                 = "short"
  topic                = google_pubsub_topic.full.id
  ack_deadline_seconds = 30
}

resource "google_pubsub_subscription" "full" {
  name                       = "full"
  topic                      = google_pubsub_topic.full.id
  message_retention_duration = "1300s"
  enable_message_ordering    = true
  filter                     = "attributes.kind = \"new\""
  expiration_policy {
    ttl = "300000.50s"
  }
  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.plain.id
    max_delivery_attempts = 5
  }
}

resource "google_pubsub_subscription" "pushed" {
  name  = "pushed"
  topic = google_pubsub_topic.plain.id
  push_config {
    push_endpoint = "https://example.com/push/again"
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
