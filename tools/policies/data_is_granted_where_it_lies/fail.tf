resource "google_project_iam_member" "every_bucket" {
  project = "team-project"
  role    = "roles/storage.objectUser"
  member  = "serviceAccount:groundwork-train@team-project.iam.gserviceaccount.com"
}

resource "google_project_iam_member" "every_secret" {
  project = "team-project"
  role    = "roles/secretmanager.secretAccessor"
  member  = "serviceAccount:groundwork-train@team-project.iam.gserviceaccount.com"
}

resource "google_project_iam_member" "every_image" {
  project = "team-project"
  role    = "roles/artifactregistry.writer"
  member  = "serviceAccount:groundwork-build@team-project.iam.gserviceaccount.com"
}

resource "google_project_iam_member" "buckets_of_a_prefix" {
  project = "team-project"
  role    = "roles/storage.objectViewer"
  member  = "serviceAccount:groundwork-build@team-project.iam.gserviceaccount.com"

  condition {
    title      = "Buckets beginning with team"
    expression = "resource.name.startsWith(\"projects/_/buckets/team\")"
  }
}
