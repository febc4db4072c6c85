#error this file is not for use
