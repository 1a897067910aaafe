resource "google_compute_network" "plain" {
  name = "first"
}
resource "google_compute_network" "full" {
  project                                   = "groundwork-example"
  name                                      = "second"
  description                               = "d"
  auto_create_subnetworks                   = false
  mtu                                       = 1460
  routing_mode                              = "GLOBAL"
  bgp_best_path_selection_mode              = "STANDARD"
  bgp_always_compare_med                    = true
  bgp_inter_region_cost                     = "ADD_COST_TO_MED"
  network_firewall_policy_enforcement_order = "BEFORE_CLASSIC_FIREWALL"
  delete_default_routes_on_create           = true
}
resource "google_compute_network" "ula" {
  name                     = "ula"
  auto_create_subnetworks  = false
  enable_ula_internal_ipv6 = true
  internal_ipv6_range      = "fd20:0:0:0:0:0:0:0/48"
}
resource "google_compute_address" "a" {
  name          = "internal"
  address_type  = "INTERNAL"
  network       = google_compute_network.plain.id
  purpose       = "IPSEC_INTERCONNECT"
  prefix_length = 29
  address       = "192.168.1.0"
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
  event_types    = ["OBJECT_FINALIZE", "OBJECT_METADATA_UPDATE"]
  custom_attributes = {
    colour = "red"
  }
  object_name_prefix = "in/"
  depends_on         = [google_pubsub_topic_iam_binding.b]
}
resource "google_storage_notification" "plain" {
  bucket         = google_storage_bucket.b.name
  payload_format = "NONE"
  topic          = google_pubsub_topic.t.id
  depends_on     = [google_storage_notification.n]
}
output "id" {
  value = google_storage_notification.n.notification_id
}
