locals {
  # By name and not from the modules' outputs, since one identity is granted actAs
  # on another, and a module cannot depend on itself. Terraform still creates all
  # accounts before it binds any of them.
  accounts = { for name, account in local.names.identities : name => "serviceAccount:${account}@${local.environment.project}.iam.gserviceaccount.com" }
  deployer = "serviceAccount:${local.names.deployer}@${local.environment.project}.iam.gserviceaccount.com"

  acts_as = "roles/iam.serviceAccountUser"
  logs_in = "roles/iam.workloadIdentityUser"

  # Who needs actAs on which identity: pairs of whoever starts or deploys, and the identity that it runs as.
  handed_over = concat(
    # Terraform creates workloads as the deployer.
    [for identity in distinct(concat(values(local.runs_as), local.builders)) : { actor = local.deployer, identity = identity }],
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

  builders = distinct(concat([for build in local.environment.builds : build.identity], [for function in local.environment.functions : function.build_identity]))

  # The identity of each service, function, job and workstation, by kind and name.
  runs_as = merge(
    { for name, service in local.environment.services : "service/${name}" => service.identity },
    { for name, function in local.environment.functions : "function/${name}" => function.identity },
    { for name, job in local.environment.jobs : "job/${name}" => job.identity },
    { for name, workstation in local.environment.workstations : "workstation/${name}" => workstation.identity },
  )

  # The pool is in the other layer, and its name contains the project's number.
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

  # The project roles that an identity needs for its settings in the file.
  roles_of_identities = {
    for name, identity in local.environment.identities : name => distinct(concat(
      tolist(identity.project_roles),
      contains(local.builders, name) ? ["roles/logging.logWriter"] : [],
      contains([for training in local.environment.training : training.identity], name) ? ["roles/logging.logWriter"] : [],
      contains([for training in local.environment.training : training.identity if training.tensorboard], name) ? ["roles/aiplatform.user"] : [],
      contains(identity.submits, "builds") ? ["roles/cloudbuild.builds.editor"] : [],
      contains(identity.submits, "training") ? ["roles/aiplatform.user"] : [],
      # Submitting includes reading the log, and calls that count for the project.
      length(identity.submits) > 0 ? ["roles/logging.viewer", "roles/serviceusage.serviceUsageConsumer"] : [],
      # Deploying includes following the operation, which belongs to the project.
      contains(concat(values(identity.services), values(identity.jobs)), "deploy") ? ["roles/run.viewer"] : [],
      length(flatten([for build, places in local.deploys : places if local.environment.builds[build].identity == name])) > 0 ? ["roles/run.viewer"] : [],
    ))
  }
}

data "google_project" "project" {
  count = length([for identity in local.environment.identities : identity if identity.github != null]) > 0 ? 1 : 0

  project_id = local.environment.project
}

# One identity per purpose. Its access to buckets, repositories and secrets is
# granted on those.
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
