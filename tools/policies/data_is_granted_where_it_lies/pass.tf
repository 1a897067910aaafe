resource "google_project_iam_member" "logs" {
  project = "team-project"
  role    = "roles/logging.logWriter"
  member  = "serviceAccount:groundwork-train@team-project.iam.gserviceaccount.com"
}

resource "google_project_iam_member" "names_of_secrets" {
  project = "team-project"
  role    = "roles/secretmanager.viewer"
  member  = "user:alice@example.com"
}

resource "google_project_iam_member" "names_of_buckets" {
  project = "team-project"
  role    = "roles/storage.bucketViewer"
  member  = "user:alice@example.com"
}

resource "google_project_iam_member" "copies_of_functions" {
  project = "team-project"
  role    = "roles/storage.objectViewer"
  member  = "serviceAccount:groundwork-build@team-project.iam.gserviceaccount.com"

  condition {
    title      = "Buckets beginning with gcf-v2-sources-"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-\")"
  }
}
