resource "google_compute_disk_iam_member" "m" {
  member = "user:bob@example.com"
}
resource "google_compute_snapshot_iam_binding" "b" {
  members = ["user:bob@example.com"]
}
resource "google_compute_image_iam_member" "m" {
  member = "user:bob@example.com"
}
resource "google_compute_instance_iam_binding" "b" {
  members = ["user:bob@example.com"]
}
resource "google_compute_subnetwork_iam_member" "m" {
  member = "user:bob@example.com"
}
resource "google_pubsub_schema_iam_binding" "b" {
  members = ["user:bob@example.com"]
}
