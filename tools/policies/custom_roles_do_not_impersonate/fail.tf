resource "google_project_iam_custom_role" "back_door" {
  project     = "team-project"
  role_id     = "helper"
  title       = "Helps out"
  permissions = ["storage.buckets.list", "iam.serviceAccounts.getAccessToken"]
}

resource "google_project_iam_custom_role" "opens_buckets" {
  project     = "team-project"
  role_id     = "bucketKeeper"
  title       = "Keeps buckets"
  permissions = ["storage.buckets.get", "storage.buckets.setIamPolicy"]
}

resource "google_project_iam_custom_role" "edits_the_pool" {
  project     = "team-project"
  role_id     = "poolKeeper"
  title       = "Keeps the identity pool"
  permissions = ["iam.workloadIdentityPoolProviders.update"]
}
