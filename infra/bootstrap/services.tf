module "services" {
  source = "../../modules/project_services"

  project_id = local.environment.project
  services = concat(local.builds ? ["cloudbuild.googleapis.com", "secretmanager.googleapis.com"] : [], length(local.budget) > 0 ? ["billingbudgets.googleapis.com"] : [], local.notified ? ["monitoring.googleapis.com"] : [], [
    "cloudresourcemanager.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
    "sts.googleapis.com",
  ])
}
