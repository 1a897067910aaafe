# What the file uses is what is switched on; the bootstrap layer has switched
# on what every environment uses.
module "services" {
  source = "../../modules/project_services"

  project_id = local.environment.project
  services = toset(concat(
    length(local.environment.repositories) == 0 ? [] : ["artifactregistry.googleapis.com"],
    length(local.environment.secrets) == 0 ? [] : ["secretmanager.googleapis.com"],
  ))
}
