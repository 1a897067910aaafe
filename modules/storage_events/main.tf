# A bucket's events reach Eventarc through a Pub/Sub topic, to which Cloud Storage's agent publishes them.
resource "google_project_iam_member" "publishes" {
  project = var.project_id
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:${var.agent}"
}
