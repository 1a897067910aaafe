# On also where the file has no repository or secret yet: only an API that is on
# can be asked who may do what in it, and what is left of it.
module "services" {
  source = "../../modules/project_services"

  project_id = local.environment.project
  services   = ["artifactregistry.googleapis.com", "secretmanager.googleapis.com"]
}
