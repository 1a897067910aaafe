locals {
  uses = {
    "aiplatform.googleapis.com"     = length(local.environment.training) > 0
    "cloudbuild.googleapis.com"     = length(local.environment.builds) + length(local.environment.functions) > 0
    "cloudfunctions.googleapis.com" = length(local.environment.functions) > 0
    "cloudscheduler.googleapis.com" = length(local.scheduled) > 0
    "compute.googleapis.com"        = length(local.environment.workstations) > 0
    "eventarc.googleapis.com"       = length(local.triggered) > 0
    "logging.googleapis.com"        = length(local.environment.builds) + length(local.environment.functions) + length(local.environment.services) + length(local.environment.jobs) + length(local.environment.training) > 0
    "monitoring.googleapis.com"     = local.environment.alerts != null
    "pubsub.googleapis.com"         = length(local.triggered) > 0
    "run.googleapis.com"            = length(local.environment.services) + length(local.environment.functions) + length(local.environment.jobs) > 0
  }
}

# Two are enabled even if the file has no repository or secret yet: access and
# leftovers can be checked only with an API that is on.
module "services" {
  source = "../../modules/project_services"

  project_id = local.environment.project
  services   = concat(["artifactregistry.googleapis.com", "secretmanager.googleapis.com"], [for api, used in local.uses : api if used])
}
