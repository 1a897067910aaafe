locals {
  repository_roles = {
    read  = ["roles/artifactregistry.reader"]
    write = ["roles/artifactregistry.writer"]
  }
}

module "repositories" {
  source   = "../../modules/docker_repository"
  for_each = local.environment.repositories

  project_id  = module.services.project_id
  name        = each.key
  location    = local.environment.region
  description = each.value.description
  labels      = { component = each.key }

  cleanup = {
    delete_after_days = each.value.delete_after_days
    keep              = each.value.keep
  }

  iam = merge([
    for name, identity in local.environment.identities : {
      for role in lookup(local.repository_roles, lookup(identity.repositories, each.key, "none"), []) : "${name} ${role}" => {
        member = module.identities[name].member
        role   = role
      }
    }
  ]...)
}
