module "environment" {
  source = "../environment"

  path   = var.environment_file
  values = yamldecode(file(var.environment_file))
}

locals {
  environment = module.environment.values
  names       = module.environment.names
}

provider "google" {
  project        = local.environment.project
  region         = local.environment.region
  default_labels = module.environment.labels

  # Google takes no calls about budgets that count for gcloud's own project, as
  # those of a person's login otherwise do.
  billing_project       = length(local.budget) > 0 ? local.environment.project : null
  user_project_override = length(local.budget) > 0
}
