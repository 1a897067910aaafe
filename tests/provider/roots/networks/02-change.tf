resource "google_compute_network" "plain" {
  name         = "first"
  routing_mode = "GLOBAL"
  mtu          = 1500
}
resource "google_compute_network" "full" {
  name                    = "second"
  description             = "d"
  auto_create_subnetworks = false
  routing_mode            = "REGIONAL"
  bgp_always_compare_med  = false
}
resource "google_compute_network" "ula" {
  name                    = "ula"
  description             = "new"
  auto_create_subnetworks = false
}
resource "google_storage_bucket" "b" {
  name     = "groundwork-example-notify"
  location = "US"
}
resource "google_pubsub_topic" "t" {
  name = "news"
}
data "google_storage_project_service_account" "gcs" {
}
resource "google_pubsub_topic_iam_binding" "b" {
  topic   = google_pubsub_topic.t.id
  role    = "roles/pubsub.publisher"
  members = ["serviceAccount:${data.google_storage_project_service_account.gcs.email_address}"]
}
resource "google_storage_notification" "n" {
  bucket         = google_storage_bucket.b.name
  payload_format = "JSON_API_V1"
  topic          = google_pubsub_topic.t.id
  custom_attributes = {
    colour = "red"
  }
  object_name_prefix = "out/"
  depends_on         = [google_pubsub_topic_iam_binding.b]
}
resource "google_storage_notification" "plain" {
  bucket         = google_storage_bucket.b.name
  payload_format = "JSON_API_V1"
  topic          = google_pubsub_topic.t.id
  depends_on     = [google_storage_notification.n]
}
output "id" {
  value = google_storage_notification.n.notification_id
}
