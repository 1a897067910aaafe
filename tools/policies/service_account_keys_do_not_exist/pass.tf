resource "google_service_account" "train" {
  project    = "team-project"
  account_id = "trainer"
}
