locals {
  # By name and not as the modules give it, since one identity is let act as
  # another, and a module cannot wait for itself. Terraform makes all accounts
  # before it binds any of them all the same.
  accounts = { for name, account in local.names.identities : name => "serviceAccount:${account}@${local.environment.project}.iam.gserviceaccount.com" }
  deployer = "serviceAccount:${local.names.deployer}@${local.environment.project}.iam.gserviceaccount.com"

  acts_as = "roles/iam.serviceAccountUser"
  logs_in = "roles/iam.workloadIdentityUser"

  # What runs as whom: each a pair of one who starts or deploys, and the identity that it then runs as.
  handed_over = concat(
    # Terraform makes what runs, as the deployer.
    [for identity in distinct(concat(values(local.runs_as), [for build in local.environment.builds : build.identity])) : { actor = local.deployer, identity = identity }],
    flatten([for name, build in local.environment.builds : [for place in local.deploys[name] : { actor = local.accounts[build.identity], identity = local.runs_as[place] }]]),
    flatten([
      for name, identity in local.environment.identities : concat(
        [for service, access in identity.services : { actor = local.accounts[name], identity = local.environment.services[service].identity } if access == "deploy"],
        [for job, access in identity.jobs : { actor = local.accounts[name], identity = local.environment.jobs[job].identity } if access == "deploy"],
        [for build in local.environment.builds : { actor = local.accounts[name], identity = build.identity } if contains(identity.submits, "builds")],
        [for training in local.environment.training : { actor = local.accounts[name], identity = training.identity } if contains(identity.submits, "training")],
      )
    ]),
  )

  # Identity of each service and job, by its name and kind.
  runs_as = merge(
    { for name, service in local.environment.services : "service/${name}" => service.identity },
    { for name, job in local.environment.jobs : "job/${name}" => job.identity },
  )

  # The pool stands in the other layer, and is named by the project's number.
  pool = "principalSet://iam.googleapis.com/projects/${join("", data.google_project.project[*].number)}/locations/global/workloadIdentityPools/${join("", local.environment.github[*].pool)}"
  workflows = {
    any  = "${local.pool}/attribute.repository/${lower(join("", local.environment.github[*].repository))}"
    main = "${local.pool}/attribute.branch/main"
  }

  iam_of_identities = {
    for name, identity in local.environment.identities : name => {
      for grant in concat(
        [for actor in distinct([for one in local.handed_over : one.actor if one.identity == name]) : { role = local.acts_as, member = actor } if actor != local.accounts[name]],
        [for from in identity.github[*] : { role = local.logs_in, member = local.workflows[from] }],
      ) : grant.role => grant.member...
    }
  }

  # What an identity needs in the project for what the file says of it.
  roles_of_identities = {
    for name, identity in local.environment.identities : name => distinct(concat(
      tolist(identity.project_roles),
      contains([for build in local.environment.builds : build.identity], name) ? ["roles/logging.logWriter"] : [],
      contains([for training in local.environment.training : training.identity], name) ? ["roles/logging.logWriter"] : [],
      contains([for training in local.environment.training : training.identity if training.tensorboard], name) ? ["roles/aiplatform.user"] : [],
      contains(identity.submits, "builds") ? ["roles/cloudbuild.builds.editor"] : [],
      contains(identity.submits, "training") ? ["roles/aiplatform.user"] : [],
      # Whoever submits reads the log of it, and its calls count for the project.
      length(identity.submits) > 0 ? ["roles/logging.viewer", "roles/serviceusage.serviceUsageConsumer"] : [],
      # Whoever deploys sees the deployment through, and that is an operation of the project's.
      contains(concat(values(identity.services), values(identity.jobs)), "deploy") ? ["roles/run.viewer"] : [],
      length(flatten([for build, places in local.deploys : places if local.environment.builds[build].identity == name])) > 0 ? ["roles/run.viewer"] : [],
    ))
  }
}

data "google_project" "project" {
  count = length([for identity in local.environment.identities : identity if identity.github != null]) > 0 ? 1 : 0

  project_id = local.environment.project
}

# One identity per purpose. What it may do to a bucket, repository or secret is
# granted there.
module "identities" {
  source   = "../../modules/service_account"
  for_each = local.environment.identities

  project_id    = module.services.project_id
  name          = local.names.identities[each.key]
  description   = each.value.description
  project_roles = local.roles_of_identities[each.key]

  # People, workflows and identities alike.
  iam = {
    for role in setunion(keys(module.team_access.iam.identities[each.key]), keys(local.iam_of_identities[each.key])) :
    role => concat(lookup(module.team_access.iam.identities[each.key], role, []), lookup(local.iam_of_identities[each.key], role, []))
  }
}
