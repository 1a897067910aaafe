resource "google_project_iam_custom_role" "narrow" {
  project     = "team-project"
  role_id     = "bucketLister"
  title       = "Lists buckets"
  permissions = ["storage.buckets.list"]
}
