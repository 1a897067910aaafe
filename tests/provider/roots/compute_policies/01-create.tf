resource "google_compute_disk" "d" {
  name = "d"
  zone = "europe-west1-b"
  size = 10
}
resource "google_compute_snapshot" "s" {
  name        = "s"
  source_disk = google_compute_disk.d.id
}
resource "google_compute_image" "i" {
  name        = "i"
  source_disk = google_compute_disk.d.id
}
resource "google_compute_instance" "vm" {
  name         = "vm"
  zone         = "europe-west1-b"
  machine_type = "e2-small"
  boot_disk {
    initialize_params {
      image = "debian-cloud/debian-12"
    }
  }
  network_interface {
    network = "default"
  }
}
resource "google_pubsub_schema" "s" {
  name       = "card"
  type       = "AVRO"
  definition = "{\"type\":\"record\",\"name\":\"Card\",\"fields\":[{\"name\":\"title\",\"type\":\"string\"}]}"
}
resource "google_compute_disk_iam_member" "m" {
  name   = google_compute_disk.d.name
  zone   = "europe-west1-b"
  role   = "roles/compute.viewer"
  member = "user:alice@example.com"
}
resource "google_compute_snapshot_iam_binding" "b" {
  name    = google_compute_snapshot.s.name
  role    = "roles/compute.viewer"
  members = ["user:alice@example.com"]
}
resource "google_compute_image_iam_member" "m" {
  image  = google_compute_image.i.self_link
  role   = "roles/compute.viewer"
  member = "user:alice@example.com"
  condition {
    title      = "soon"
    expression = "request.time < timestamp(\"2031-01-01T00:00:00Z\")"
  }
}
resource "google_compute_instance_iam_binding" "b" {
  instance_name = google_compute_instance.vm.id
  role          = "roles/compute.viewer"
  members       = ["user:alice@example.com"]
}
resource "google_compute_subnetwork_iam_member" "m" {
  subnetwork = "default"
  region     = "europe-west1"
  role       = "roles/compute.networkUser"
  member     = "user:alice@example.com"
}
resource "google_pubsub_schema_iam_binding" "b" {
  schema  = google_pubsub_schema.s.id
  role    = "roles/pubsub.viewer"
  members = ["user:alice@example.com"]
}
data "google_compute_image_iam_policy" "p" {
  image      = google_compute_image.i.name
  depends_on = [google_compute_image_iam_member.m]
}
