# Events of a bucket reach Eventarc through a topic of Pub/Sub, to which Cloud Storage's agent publishes them.
resource "google_project_iam_member" "publishes" {
  project = var.project_id
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:${var.agent}"
}
