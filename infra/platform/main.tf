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
}
