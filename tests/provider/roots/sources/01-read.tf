data "google_project" "this" {}

data "google_project" "named" {
  project_id = "groundwork-example"
}

data "google_client_config" "this" {}

data "google_storage_project_service_account" "this" {}

resource "terraform_data" "number" {
  input = data.google_project.this.number
}

output "number" {
  value = data.google_project.named.number
}

output "region" {
  value = data.google_client_config.this.region
}

output "agent" {
  value = data.google_storage_project_service_account.this.member
}
