# A management account designates the Macie administrator of its organization,
# which takes an account as its member without asking, and every account that
# joins.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "endpoint" {}
variable "region" {}
variable "management_key" {}
variable "management_secret" { sensitive = true }
variable "delegate_account" {}
variable "delegate_key" {}
variable "delegate_secret" { sensitive = true }
variable "colleague_account" {}
variable "colleague_email" {}

# What the test changes after the first apply.
variable "auto_enable" { default = true }
variable "status" { default = "ENABLED" }

provider "aws" {
  alias                       = "management"
  region                      = var.region
  access_key                  = var.management_key
  secret_key                  = var.management_secret
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  max_retries                 = 1
  endpoints {
    macie2 = var.endpoint
    sts    = var.endpoint
    iam    = var.endpoint
  }
}

provider "aws" {
  alias                       = "delegate"
  region                      = var.region
  access_key                  = var.delegate_key
  secret_key                  = var.delegate_secret
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  max_retries                 = 1
  endpoints {
    macie2 = var.endpoint
    sts    = var.endpoint
    iam    = var.endpoint
  }
}

resource "aws_macie2_account" "management" {
  provider = aws.management
}

resource "aws_macie2_organization_admin_account" "delegate" {
  provider         = aws.management
  admin_account_id = var.delegate_account
  depends_on       = [aws_macie2_account.management]
}

resource "aws_macie2_organization_configuration" "this" {
  provider    = aws.delegate
  auto_enable = var.auto_enable
  depends_on  = [aws_macie2_organization_admin_account.delegate]
}

resource "aws_macie2_member" "colleague" {
  provider   = aws.delegate
  account_id = var.colleague_account
  email      = var.colleague_email
  status     = var.status
  depends_on = [aws_macie2_organization_admin_account.delegate]

  # An account that is a member through its organization has no address in
  # Macie, which the provider takes for a change.
  lifecycle {
    ignore_changes = [email]
    postcondition {
      condition     = contains(["Enabled", "Paused"], self.relationship_status) && self.administrator_account_id == var.delegate_account
      error_message = "It is ${jsonencode(self)}"
    }
  }
}
