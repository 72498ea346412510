# An organization as Terraform reads it, and an account that acts for it in
# Macie. The service that it trusts is a resource of newer providers only.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "endpoint" {}
variable "key" {}
variable "secret" { sensitive = true }
variable "delegate_account" {}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = var.key
  secret_key                  = var.secret
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  max_retries                 = 1
  endpoints {
    organizations = var.endpoint
    sts           = var.endpoint
    iam           = var.endpoint
  }
}

data "aws_caller_identity" "me" {}

data "aws_organizations_organization" "ours" {
  lifecycle {
    postcondition {
      condition     = self.feature_set == "ALL" && self.master_account_id == data.aws_caller_identity.me.account_id
      error_message = "It is not the organization of this management account: ${jsonencode(self)}"
    }
    postcondition {
      condition     = contains(self.accounts[*].id, var.delegate_account) && contains(self.non_master_accounts[*].id, var.delegate_account)
      error_message = "The account is not in it: ${jsonencode(self.accounts)}"
    }
    postcondition {
      condition     = length(self.roots) == 1 && contains(self.aws_service_access_principals, "macie.amazonaws.com")
      error_message = "It has the roots ${jsonencode(self.roots)} and trusts ${jsonencode(self.aws_service_access_principals)}"
    }
  }
}

resource "aws_organizations_delegated_administrator" "macie" {
  account_id        = var.delegate_account
  service_principal = "macie.amazonaws.com"

  lifecycle {
    postcondition {
      condition     = self.status == "ACTIVE" && endswith(self.arn, "/${var.delegate_account}")
      error_message = "It is ${jsonencode(self)}"
    }
  }
}

data "aws_organizations_delegated_administrators" "macie" {
  service_principal = "macie.amazonaws.com"
  depends_on        = [aws_organizations_delegated_administrator.macie]

  lifecycle {
    postcondition {
      condition     = contains(self.delegated_administrators[*].id, var.delegate_account)
      error_message = "Macie's delegated administrators are ${jsonencode(self.delegated_administrators)}"
    }
  }
}

data "aws_organizations_delegated_services" "delegate" {
  account_id = var.delegate_account
  depends_on = [aws_organizations_delegated_administrator.macie]

  lifecycle {
    postcondition {
      condition     = contains(self.delegated_services[*].service_principal, "macie.amazonaws.com")
      error_message = "It acts for it in ${jsonencode(self.delegated_services)}"
    }
  }
}
