locals {
  repository_roles = {
    read  = ["roles/artifactregistry.reader"]
    write = ["roles/artifactregistry.writer"]
  }

  # Members by role, on each repository.
  repositories_of_identities = {
    for repository in keys(local.environment.repositories) : repository => {
      for grant in distinct(concat(
        flatten([
          for name, identity in local.environment.identities : [
            for role in lookup(local.repository_roles, lookup(identity.repositories, repository, "none"), []) : { role = role, identity = name }
          ]
        ]),
        # The identity of a build always has to push.
        [for build in local.environment.builds : { role = "roles/artifactregistry.writer", identity = build.identity } if build.repository == repository],
        [for function in local.environment.functions : { role = "roles/artifactregistry.writer", identity = function.build_identity } if function.repository == repository],
      )) : grant.role => module.identities[grant.identity].member...
    }
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

  # People and identities alike.
  iam = {
    for role in setunion(keys(module.team_access.iam.repositories), keys(local.repositories_of_identities[each.key])) :
    role => concat(lookup(module.team_access.iam.repositories, role, []), lookup(local.repositories_of_identities[each.key], role, []))
  }
}
