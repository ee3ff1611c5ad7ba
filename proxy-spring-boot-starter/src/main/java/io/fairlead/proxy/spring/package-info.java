/**
 * Spring Boot auto-configuration: properties and beans mapped onto the API. Start at
 * {@link io.fairlead.proxy.spring.FairleadAutoConfiguration}.
 */
@NullMarked
package io.fairlead.proxy.spring;

import org.jspecify.annotations.NullMarked;
